//! Every code the hospital uses. What is local here, `deploy/site.yaml` must map.
//!
//! Public systems (LOINC, SNOMED CT, ATC, HL7) are used with the codes that their publishers gave
//! them. `urn:demo:*` are this hospital's own, as every hospital has: they mean nothing to a twin
//! until the site file says what they mean.

use crate::demo::json::{Json, object};

/// A code of a system, and what people call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The system.
    pub system: &'static str,
    /// The code.
    pub code: &'static str,
    /// What it is called.
    pub display: &'static str,
}

impl Code {
    /// A FHIR Coding.
    pub fn coding(&self) -> Json {
        object! { "system": self.system, "code": self.code, "display": self.display }
    }

    /// A FHIR CodeableConcept of this code alone.
    pub fn concept(&self) -> Json {
        object! { "coding": [self.coding()], "text": self.display }
    }
}

const fn of(system: &'static str, code: &'static str, display: &'static str) -> Code {
    Code { system, code, display }
}

const LOINC: &str = "http://loinc.org";
const SNOMED: &str = "http://snomed.info/sct";
const ATC: &str = "http://www.whocc.no/atc";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
const MDC: &str = "urn:iso:std:iso:11073:10101";

/// The system of medical record numbers. A patient's number is also their FHIR id and DICOM Patient
/// ID: one number everywhere, so that feeds meet without a link.
pub const MRN_SYSTEM: &str = "urn:demo:mrn";
/// The system of accession numbers.
pub const ACCESSION_SYSTEM: &str = "urn:demo:accession";

// Local codes: the site file maps each of them.

/// The flowsheet row in which nurses chart what a patient breathes: signal `oxygen_therapy`.
pub const OXYGEN_DEVICE: Code = of("urn:demo:flowsheet", "oxygen-device", "Oxygen device");
/// Answer of `OXYGEN_DEVICE`: air.
pub const ROOM_AIR: Code = of("urn:demo:oxygen-device", "room-air", "Room air");
/// Answer of `OXYGEN_DEVICE`: oxygen.
pub const NASAL_CANNULA: Code = of("urn:demo:oxygen-device", "nasal-cannula", "Nasal cannula");
/// Answer of `OXYGEN_DEVICE`: oxygen.
pub const SIMPLE_MASK: Code = of("urn:demo:oxygen-device", "simple-mask", "Simple mask");
/// Answer of `OXYGEN_DEVICE`: oxygen.
pub const NON_REBREATHER: Code =
    of("urn:demo:oxygen-device", "non-rebreather", "Non-rebreather mask");
/// Answer of `OXYGEN_DEVICE` as the emergency department sends it: air.
pub const BREATHING_AIR: Code = of(SNOMED, "722742002", "Breathing room air");
/// Answer of `OXYGEN_DEVICE` as the emergency department sends it: oxygen.
pub const ON_OXYGEN: Code = of(SNOMED, "371825009", "Patient on oxygen");
/// Answer of `RESPONSIVENESS`: a confusion that was always there, which scores nothing in NEWS2.
pub const CHRONIC_CONFUSION: Code =
    of("urn:demo:consciousness", "chronic-confusion", "Confused, as usual for this patient");
/// ServiceRequest: the order for SpO2 scale 2 of NEWS2, with its period. State `spo2_scale_2`.
pub const SPO2_SCALE_2_ORDER: Code =
    of("urn:demo:orders", "spo2-scale-2", "SpO2 scale 2 (target 88-92 %)");
/// ServiceRequest: iodinated contrast is planned. State `contrast_planned`.
pub const CONTRAST_ORDER: Code =
    of("urn:demo:orders", "ct-iodinated-contrast", "CT with iodinated contrast");
/// CarePlan: comfort care only. State `comfort_care`.
pub const COMFORT_CARE_PLAN: Code = of("urn:demo:care-plans", "comfort-care", "Comfort care only");
/// Flag: comfort care only, as the bedside board shows it. State `comfort_care`.
pub const COMFORT_CARE_FLAG: Code =
    of("urn:demo:flags", "comfort-care", "Comfort care: no escalation");
/// Flag: a clinician suspects an infection. State `suspected_infection`.
pub const SUSPECTED_INFECTION_FLAG: Code =
    of("urn:demo:flags", "suspected-infection", "Infection suspected: sepsis screen started");
/// ServiceRequest: lactate, cultures and bloods. It maps to no state; it is kept as an order.
pub const SEPSIS_SCREEN_ORDER: Code = of("urn:demo:orders", "sepsis-screen", "Sepsis screen");

// States said with public codes: the site file maps these, too.

/// Condition. State `dialysis`.
pub const DIALYSIS_DEPENDENCE: Code = of(SNOMED, "105502003", "Dependence on renal dialysis");
/// Procedure, thrice a week. State `dialysis` for some weeks after each.
pub const RENAL_DIALYSIS: Code = of(SNOMED, "265764009", "Renal dialysis");
/// Observation with answer `PREGNANT`. State `pregnancy`.
pub const PREGNANCY_STATUS: Code = of(LOINC, "82810-3", "Pregnancy status");
/// Answer of `PREGNANCY_STATUS`.
pub const PREGNANT: Code = of(SNOMED, "77386006", "Pregnant");

// Consciousness: LOINC 67775-7 answered in SNOMED CT, as UK Core ACVPU does.

/// Which answers the site file maps to ACVPU.
pub const RESPONSIVENESS: Code = of(LOINC, "67775-7", "Level of responsiveness");
/// A
pub const ALERT: Code = of(SNOMED, "248234008", "Mentally alert");
/// C: new confusion.
pub const NEW_CONFUSION: Code = of(SNOMED, "130987000", "Acute confusion");
/// V
pub const VOICE: Code = of(SNOMED, "300202002", "Responds to voice");
/// P
pub const PAIN: Code = of(SNOMED, "450847001", "Responds to pain");
/// U
pub const UNRESPONSIVE: Code = of(SNOMED, "422768004", "Unresponsive");

// Vital signs.

/// Breaths per minute.
pub const RESPIRATORY_RATE: Code = of(LOINC, "9279-1", "Respiratory rate");
/// SpO2, the code of US Core.
pub const SPO2: Code =
    of(LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry");
/// SpO2, the code of the FHIR vital signs profile, sent beside `SPO2`.
pub const SPO2_BROAD: Code = of(LOINC, "2708-6", "Oxygen saturation in Arterial blood");
/// SpO2 as devices name it.
pub const SPO2_MDC: Code = of(MDC, "150456", "MDC_PULS_OXIM_SAT_O2");
/// Oxygen flow.
pub const OXYGEN_FLOW: Code = of(LOINC, "3151-8", "Inhaled oxygen flow rate");
/// Both blood pressures as components.
pub const BLOOD_PRESSURE: Code =
    of(LOINC, "85354-9", "Blood pressure panel with all children optional");
/// Systolic.
pub const SYSTOLIC: Code = of(LOINC, "8480-6", "Systolic blood pressure");
/// Diastolic.
pub const DIASTOLIC: Code = of(LOINC, "8462-4", "Diastolic blood pressure");
/// Pulse.
pub const HEART_RATE: Code = of(LOINC, "8867-4", "Heart rate");
/// Temperature.
pub const TEMPERATURE: Code = of(LOINC, "8310-5", "Body temperature");

// Laboratory.

/// Creatinine in mg/dL.
pub const CREATININE: Code = of(LOINC, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma");
/// Creatinine in umol/L, as the satellite laboratory reports it.
pub const CREATININE_MOLAR: Code =
    of(LOINC, "14682-9", "Creatinine [Moles/volume] in Serum or Plasma");
/// Potassium.
pub const POTASSIUM: Code = of(LOINC, "2823-3", "Potassium [Moles/volume] in Serum or Plasma");
/// Sodium.
pub const SODIUM: Code = of(LOINC, "2951-2", "Sodium [Moles/volume] in Serum or Plasma");
/// Haemoglobin.
pub const HEMOGLOBIN: Code = of(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood");
/// White cells.
pub const LEUKOCYTES: Code =
    of(LOINC, "6690-2", "Leukocytes [#/volume] in Blood by Automated count");
/// Urine albumin-to-creatinine ratio.
pub const UACR: Code = of(LOINC, "9318-7", "Albumin/Creatinine [Mass Ratio] in Urine");
/// Lactate.
pub const LACTATE: Code = of(LOINC, "2524-7", "Lactate [Moles/volume] in Serum or Plasma");
/// Blood culture.
pub const BLOOD_CULTURE: Code = of(LOINC, "600-7", "Bacteria identified in Blood by Culture");
/// The panel a laboratory report is about.
pub const METABOLIC_PANEL: Code = of(LOINC, "51990-0", "Basic metabolic panel - Blood");

// Imaging.

/// CT of the chest.
pub const CT_CHEST: Code = of(LOINC, "24627-2", "CT Chest");
/// Chest film.
pub const CHEST_FILM: Code = of(LOINC, "36643-5", "XR Chest 2 Views");
/// What a report found: the code of a structured finding.
pub const FINDING: Code = of(LOINC, "59776-5", "Procedure findings");
/// The finding of the nodule story.
pub const LUNG_NODULE: Code = of(SNOMED, "427359005", "Solitary nodule of lung");
/// Where it lies.
pub const RIGHT_UPPER_LOBE: Code = of(SNOMED, "42400003", "Structure of upper lobe of right lung");
/// The chest, as a body site.
pub const CHEST: Code = of(SNOMED, "51185008", "Thoracic structure");
/// Local component of a finding: the mean diameter in mm.
pub const NODULE_DIAMETER: Code = of("urn:demo:findings", "nodule-diameter", "Mean diameter");
/// Local component of a finding: how dense it is.
pub const NODULE_DENSITY: Code = of("urn:demo:findings", "nodule-density", "Density");
/// Answer of `NODULE_DENSITY`.
pub const NODULE_SOLID: Code = of("urn:demo:findings", "solid", "Solid");

// Conditions (SNOMED CT).

/// Hypertension.
pub const HYPERTENSION: Code = of(SNOMED, "38341003", "Hypertensive disorder");
/// Type 2 diabetes.
pub const DIABETES: Code = of(SNOMED, "44054006", "Diabetes mellitus type 2");
/// Chronic kidney disease, stage 3.
pub const KIDNEY_DISEASE: Code = of(SNOMED, "433144002", "Chronic kidney disease stage 3");
/// Heart failure.
pub const HEART_FAILURE: Code = of(SNOMED, "88805009", "Chronic congestive heart failure");
/// Chronic obstructive lung disease.
pub const COPD: Code = of(SNOMED, "13645005", "Chronic obstructive lung disease");
/// Pneumonia.
pub const PNEUMONIA: Code = of(SNOMED, "233604007", "Pneumonia");
/// Urinary tract infection.
pub const URINARY_INFECTION: Code = of(SNOMED, "68566005", "Urinary tract infectious disease");
/// Cellulitis.
pub const CELLULITIS: Code = of(SNOMED, "128045006", "Cellulitis");
/// Hip fracture.
pub const HIP_FRACTURE: Code = of(SNOMED, "359817006", "Closed fracture of hip");
/// Cholecystitis.
pub const CHOLECYSTITIS: Code = of(SNOMED, "65275009", "Acute cholecystitis");
/// Appendicitis.
pub const APPENDICITIS: Code = of(SNOMED, "74400008", "Appendicitis");
/// Chest pain.
pub const CHEST_PAIN: Code = of(SNOMED, "29857009", "Chest pain");
/// Rib fracture.
pub const RIB_FRACTURE: Code = of(SNOMED, "33737001", "Fracture of rib");
/// Alzheimer's disease.
pub const DEMENTIA: Code = of(SNOMED, "26929004", "Alzheimer's disease");
/// Advanced cancer.
pub const LUNG_CANCER: Code = of(SNOMED, "363358000", "Malignant tumor of lung");
/// Kidney failure.
pub const KIDNEY_FAILURE: Code = of(SNOMED, "46177005", "End-stage renal disease");
/// Allergy to penicillin.
pub const PENICILLIN_ALLERGY: Code = of(SNOMED, "91936005", "Allergy to penicillin");

// Medicines (ATC; metformin also in RxNorm, as the pharmacy's other system sends it).

/// Metformin.
pub const METFORMIN: Code = of(ATC, "A10BA02", "metformin");
/// Metformin as a clinical drug.
pub const METFORMIN_TABLET: Code =
    of(RXNORM, "860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet");
/// Lisinopril.
pub const LISINOPRIL: Code = of(ATC, "C09AA03", "lisinopril");
/// Amlodipine.
pub const AMLODIPINE: Code = of(ATC, "C08CA01", "amlodipine");
/// Furosemide.
pub const FUROSEMIDE: Code = of(ATC, "C03CA01", "furosemide");
/// Atorvastatin.
pub const ATORVASTATIN: Code = of(ATC, "C10AA05", "atorvastatin");
/// Tiotropium.
pub const TIOTROPIUM: Code = of(ATC, "R03BB04", "tiotropium bromide");
/// Paracetamol.
pub const PARACETAMOL: Code = of(ATC, "N02BE01", "paracetamol");
/// Morphine.
pub const MORPHINE: Code = of(ATC, "N02AA01", "morphine");
/// Enoxaparin.
pub const ENOXAPARIN: Code = of(ATC, "B01AB05", "enoxaparin");
/// Ceftriaxone.
pub const CEFTRIAXONE: Code = of(ATC, "J01DD04", "ceftriaxone");
/// Donepezil.
pub const DONEPEZIL: Code = of(ATC, "N06DA02", "donepezil");
